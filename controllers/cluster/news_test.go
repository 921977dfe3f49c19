// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/herald-bgp/herald/api/v1alpha1"
)

// TestNews: the changes say which objects a survey must look at again, and changes that could not be surveyed are not lost.
func TestNews(t *testing.T) {
	tor := &v1alpha1.BGPPeer{ObjectMeta: metav1.ObjectMeta{Name: "tor-a"}}
	web := &v1alpha1.Announcement{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}
	shop := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
	session := &v1alpha1.BGPSession{ObjectMeta: metav1.ObjectMeta{Name: "tor-a.node-1"}}
	key := types.NamespacedName{Namespace: "shop", Name: "web"}
	for name, test := range map[string]struct{ got, want *changes }{
		"a BGPPeer":            {changed(nil, tor), &changes{peers: map[string]*v1alpha1.BGPPeer{"tor-a": tor}}},
		"a BGPPeer gone":       {changed(tor, nil), &changes{peers: map[string]*v1alpha1.BGPPeer{"tor-a": nil}}},
		"an Announcement":      {changed(web, web), &changes{announcements: map[types.NamespacedName]*v1alpha1.Announcement{key: web}}},
		"an Announcement gone": {changed(web, nil), &changes{announcements: map[types.NamespacedName]*v1alpha1.Announcement{key: nil}}},
		"a Namespace gone":     {changed(shop, nil), &changes{namespaces: map[string]*corev1.Namespace{"shop": nil}}},
		"a BGPSession":         {changed(nil, session), &changes{sessions: map[string]*v1alpha1.BGPSession{session.Name: session}}},
		"a BGPSession gone":    {changed(session, nil), &changes{sessions: map[string]*v1alpha1.BGPSession{session.Name: nil}}},
		"a pod":                {changed(nil, &corev1.Pod{}), &changes{nodes: true}},
	} {
		if !reflect.DeepEqual(test.got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, test.got, test.want)
		}
	}
	var n news
	n.tell(changed(nil, session))
	taken := n.take()
	n.tell(changed(session, nil))
	n.putBack(taken)
	if again := n.take(); len(again.sessions) != 1 || again.sessions[session.Name] != nil {
		t.Errorf("%+v, want the BGPSession gone: that came later", again)
	}
	if rest := n.take(); len(rest.sessions) > 0 {
		t.Errorf("%+v was taken twice", rest)
	}
}
