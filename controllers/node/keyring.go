// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/herald-bgp/herald/controllers/compile"
)

// keyPatience is how long a configuration waits for Secrets that were never read. Peers without one do not wait for longer.
const keyPatience = 5 * time.Second

// keyring watches the Secrets that peers of this node name, each by itself: no other of the namespace comes into memory, and
// a right that is missing is nothing to the peers that need no key. It outlives the managers, and so do the keys.
type keyring struct {
	namespace string
	changed   func()

	ctx    context.Context // of every watch
	cancel context.CancelFunc
	group  sync.WaitGroup

	kept map[string]*keptSecret // Engine.Run alone uses it

	mu     sync.Mutex
	getter toolscache.Getter // of the newest manager
}

// keptSecret is one that is watched.
type keptSecret struct {
	informer toolscache.SharedIndexInformer
	cancel   context.CancelFunc
	// settled is closed once it was read, or could not be.
	settled chan struct{}
	once    sync.Once

	mu      sync.Mutex
	problem error // why it could not be read, the last time
}

func newKeyring(namespace string, changed func()) *keyring {
	k := &keyring{namespace: namespace, changed: changed, kept: map[string]*keptSecret{}}
	k.ctx, k.cancel = context.WithCancel(context.Background()) // until stop
	return k
}

// use takes the client of a new manager for what is watched from now on.
func (k *keyring) use(getter toolscache.Getter) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.getter = getter
}

// stop ends every watch.
func (k *keyring) stop() {
	k.cancel()
	k.group.Wait()
}

// read returns the content of the named Secrets that exist, and why any cannot be read. It watches these from now on and no
// others.
func (k *keyring) read(ctx context.Context, names map[string]bool) map[string]compile.Secret {
	ctx, cancel := context.WithTimeout(ctx, keyPatience)
	defer cancel()
	secrets := make(map[string]compile.Secret, len(names))
	for name, secret := range k.keep(names) {
		select {
		case <-secret.settled:
		case <-ctx.Done():
		}
		content, problem := secret.content(k.namespace + "/" + name)
		found := compile.Secret{Exists: content != nil, Data: content}
		if problem != nil {
			found = compile.Secret{Problem: problem.Error()}
		}
		secrets[name] = found
	}
	return secrets
}

// keep starts and ends watches until the named Secrets are those that are watched, and returns them.
func (k *keyring) keep(names map[string]bool) map[string]*keptSecret {
	for name, secret := range k.kept {
		if !names[name] {
			secret.cancel()
			delete(k.kept, name)
		}
	}
	kept := make(map[string]*keptSecret, len(names))
	for name := range names {
		if k.kept[name] == nil {
			k.kept[name] = k.watch(name)
		}
		kept[name] = k.kept[name]
	}
	return kept
}

// watch begins to watch a Secret.
func (k *keyring) watch(name string) *keptSecret {
	k.mu.Lock()
	getter := k.getter
	k.mu.Unlock()
	one := toolscache.NewListWatchFromClient(getter, "secrets", k.namespace, fields.OneTermEqualSelector(metav1.ObjectNameField, name))
	s := &keptSecret{
		informer: toolscache.NewSharedIndexInformer(one, &corev1.Secret{}, 0, nil),
		settled:  make(chan struct{}),
	}
	ctx, cancel := context.WithCancel(k.ctx)
	s.cancel = cancel
	tell := func(any) { k.changed() }
	// None of these fails before the informer runs.
	_ = s.informer.SetTransform(onlyData)
	_ = s.informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, r *toolscache.Reflector, err error) {
		toolscache.DefaultWatchErrorHandler(ctx, r, err)
		s.failed(err)
		k.changed()
	})
	_, _ = s.informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: tell, UpdateFunc: func(_, _ any) { k.changed() }, DeleteFunc: tell,
	})
	k.group.Go(func() { s.informer.RunWithContext(ctx) })
	k.group.Go(func() {
		if toolscache.WaitForCacheSync(ctx.Done(), s.informer.HasSynced) {
			s.settle()
			k.changed()
		}
	})
	return s
}

func (s *keptSecret) settle() { s.once.Do(func() { close(s.settled) }) }

func (s *keptSecret) failed(err error) {
	s.mu.Lock()
	s.problem = err
	s.mu.Unlock()
	s.settle()
}

// content is what the Secret holds, nil where it does not exist. What was read once counts until something newer is.
func (s *keptSecret) content(key string) (map[string][]byte, error) {
	if !s.informer.HasSynced() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.problem != nil {
			return nil, s.problem
		}
		return nil, fmt.Errorf("the API server has not answered yet")
	}
	object, ok, err := s.informer.GetStore().GetByKey(key)
	if err != nil || !ok {
		return nil, err
	}
	secret, isSecret := object.(*corev1.Secret)
	if !isSecret {
		return nil, fmt.Errorf("it is a %T", object)
	}
	return secret.Data, nil
}

// onlyData leaves of a Secret what it is called and what it holds.
func onlyData(object any) (any, error) {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return object, nil
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: secret.Namespace, Name: secret.Name, UID: secret.UID, ResourceVersion: secret.ResourceVersion},
		Data:       secret.Data,
	}, nil
}
