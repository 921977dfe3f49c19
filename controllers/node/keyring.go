// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/herald-bgp/herald/controllers/compile"
)

// keyPatience is how long nothing is said of a Secret that the API server has not sent. Sessions that need it wait in any case.
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

// keptSecret is a Secret that is watched.
type keptSecret struct {
	informer toolscache.SharedIndexInformer
	cancel   context.CancelFunc

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

// read returns what is known of the named Secrets. From now on it watches these and no others; changed is called when more is known.
func (k *keyring) read(names map[string]bool) map[string]compile.Secret {
	secrets := make(map[string]compile.Secret, len(names))
	for name, secret := range k.keep(names) {
		secrets[name] = secret.content(k.namespace + "/" + name)
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
	s := &keptSecret{informer: toolscache.NewSharedIndexInformer(one, &corev1.Secret{}, 0, nil)}
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
	k.group.Go(func() { k.await(ctx, s) })
	return s
}

// await says when a Secret was read for the first time, and when that takes long.
func (k *keyring) await(ctx context.Context, s *keptSecret) {
	patience, cancel := context.WithTimeout(ctx, keyPatience)
	defer cancel()
	if !toolscache.WaitForCacheSync(patience.Done(), s.informer.HasSynced) {
		s.late()
		k.changed()
		if !toolscache.WaitForCacheSync(ctx.Done(), s.informer.HasSynced) {
			return
		}
	}
	k.changed()
}

// errNoAnswer is the problem of a Secret while there is no other.
var errNoAnswer = errors.New("the API server has not answered yet")

func (s *keptSecret) late() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problem == nil {
		s.problem = errNoAnswer
	}
}

func (s *keptSecret) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem = err
}

// content is what is known of the Secret. What was read once counts until something newer is.
func (s *keptSecret) content(key string) compile.Secret {
	if !s.informer.HasSynced() {
		s.mu.Lock()
		defer s.mu.Unlock()
		return unread(s.problem)
	}
	object, ok, err := s.informer.GetStore().GetByKey(key)
	if err != nil {
		return compile.Secret{Problem: err.Error()}
	}
	if !ok {
		return compile.Secret{}
	}
	secret, isSecret := object.(*corev1.Secret)
	if !isSecret {
		return compile.Secret{Problem: fmt.Sprintf("it is a %T", object)}
	}
	return compile.Secret{Exists: true, Data: secret.Data}
}

// unread is what is known of a Secret that was never read; problem is why, nil where nothing is known to be wrong. If the API server
// refuses to show the Secret, that is an answer, and the key is missing. Any other problem is none: the key may be there.
func unread(problem error) compile.Secret {
	if problem == nil {
		return compile.Secret{Unread: true}
	}
	return compile.Secret{Unread: !apierrors.IsForbidden(problem), Problem: problem.Error()}
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
