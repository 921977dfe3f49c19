// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package imports

// layers are the rules that bind packages together with all that they import.
var layers = []layer{
	{
		under: []string{"speaker"}, tests: true,
		never: []string{"k8s.io", "sigs.k8s.io", module + "/api", module + "/config", module + "/controllers", module + "/cmd"},
		why:   "the speaker is a library that does not depend on Kubernetes",
	},
	{
		under: []string{"api"},
		never: []string{module + "/config", module + "/controllers", module + "/speaker"},
		why:   "the API is at the bottom, beside the speaker",
	},
	{
		under: []string{"controllers/compile", "controllers/status", "controllers/engine"},
		never: []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"},
		why:   "it works without an API server",
	},
	{
		under: []string{"api", "config", "controllers", "speaker", "cmd"},
		never: []string{"testing", module + "/hack", module + "/test"},
		why:   "the program holds neither tests nor tools",
	},
}

// rules has one line for each package.
var rules = []rule{
	{path: "api/v1alpha1", modules: "k8s.io/apimachinery sigs.k8s.io/json"},
	{path: "cmd/herald", herald: "controllers/cluster controllers/httpserve controllers/kube controllers/metrics controllers/node controllers/nodeapi controllers/scrape controllers/standalone speaker", modules: "github.com/go-logr/logr github.com/prometheus/client_golang github.com/spf13/cobra github.com/spf13/pflag golang.org/x/sync k8s.io/api k8s.io/apimachinery k8s.io/client-go k8s.io/klog/v2 sigs.k8s.io/controller-runtime sigs.k8s.io/yaml"},
	{path: "config/crd", modules: "k8s.io/apiextensions-apiserver sigs.k8s.io/yaml"},
	{path: "controllers/admission", herald: "api/v1alpha1 config/crd", modules: "go.yaml.in/yaml/v2 k8s.io/api k8s.io/apiextensions-apiserver k8s.io/apimachinery k8s.io/apiserver sigs.k8s.io/controller-runtime sigs.k8s.io/yaml", tests: "speaker/wire"},
	{path: "controllers/cluster", herald: "api/v1alpha1 controllers/compile controllers/kube controllers/status", modules: "github.com/go-logr/logr golang.org/x/time k8s.io/api k8s.io/apimachinery k8s.io/client-go k8s.io/component-helpers k8s.io/klog/v2 sigs.k8s.io/controller-runtime"},
	{path: "controllers/compile", herald: "api/v1alpha1 speaker speaker/rib speaker/transport speaker/wire", modules: "k8s.io/api k8s.io/apimachinery", tests: "config/crd"},
	{path: "controllers/engine", herald: "api/v1alpha1 controllers/compile controllers/status speaker speaker/adjin speaker/rib", modules: "github.com/go-logr/logr k8s.io/api k8s.io/apimachinery"},
	{path: "controllers/httpserve"},
	{path: "controllers/kube", herald: "api/v1alpha1", modules: "github.com/go-logr/logr k8s.io/api k8s.io/apimachinery k8s.io/client-go sigs.k8s.io/controller-runtime"},
	{path: "controllers/metrics", herald: "speaker speaker/adjin speaker/rib speaker/wire", modules: "github.com/prometheus/client_golang"},
	{path: "controllers/node", herald: "api/v1alpha1 controllers/compile controllers/engine controllers/kube speaker", modules: "github.com/go-logr/logr k8s.io/api k8s.io/apimachinery k8s.io/client-go sigs.k8s.io/controller-runtime", tests: "controllers/nodeapi"},
	{path: "controllers/nodeapi", herald: "api/v1alpha1 config/crd controllers/compile controllers/httpserve speaker speaker/adjin speaker/rib speaker/wire", modules: "github.com/go-logr/logr k8s.io/apiextensions-apiserver k8s.io/apimachinery"},
	{path: "controllers/scrape", herald: "controllers/httpserve", modules: "github.com/go-logr/logr golang.org/x/sync k8s.io/api k8s.io/apimachinery k8s.io/apiserver k8s.io/client-go sigs.k8s.io/controller-runtime"},
	{path: "controllers/standalone", herald: "api/v1alpha1 controllers/admission controllers/compile controllers/engine controllers/status speaker", modules: "github.com/fsnotify/fsnotify github.com/go-logr/logr github.com/google/uuid golang.org/x/sync golang.org/x/sys k8s.io/api k8s.io/apimachinery sigs.k8s.io/controller-runtime", tests: "controllers/nodeapi speaker/wire"},
	{path: "controllers/status", herald: "api/v1alpha1 controllers/compile speaker speaker/rib speaker/wire", modules: "k8s.io/apimachinery", tests: "controllers/kube speaker/adjin"},
	{path: "hack/demo", herald: "api/v1alpha1 speaker/wire test/controlplane test/harness", modules: "github.com/go-logr/logr golang.org/x/sync k8s.io/api k8s.io/apimachinery k8s.io/client-go sigs.k8s.io/controller-runtime sigs.k8s.io/yaml"},
	{path: "hack/image", modules: "github.com/google/go-containerregistry golang.org/x/crypto/x509roots/fallback"},
	{path: "hack/reference", herald: "config/crd", modules: "k8s.io/apiextensions-apiserver"},
	{path: "speaker", herald: "speaker/adjin speaker/internal/optional speaker/rib speaker/transport speaker/wire", modules: "github.com/go-logr/logr", tests: "speaker/internal/faketest test/bgptest"},
	{path: "speaker/adjin", herald: "speaker/wire"},
	{path: "speaker/internal/faketest", herald: "speaker/transport"},
	{path: "speaker/internal/optional"},
	{path: "speaker/rib", herald: "speaker/internal/optional speaker/rib/encode speaker/rib/internal/store speaker/wire"},
	{path: "speaker/rib/encode", herald: "speaker/internal/optional speaker/wire"},
	{path: "speaker/rib/internal/store", herald: "speaker/wire"},
	{path: "speaker/transport", modules: "golang.org/x/sys"},
	{path: "speaker/wire"},
	{path: "test/bench", herald: "api/v1alpha1 controllers/kube speaker speaker/rib speaker/wire test/bench/dataset test/bench/program test/bench/report test/bench/sink test/controlplane test/process", modules: "golang.org/x/sync golang.org/x/sys k8s.io/api k8s.io/apimachinery k8s.io/client-go sigs.k8s.io/controller-runtime"},
	{path: "test/bench/dataset", tests: "speaker/wire"},
	{path: "test/bench/program", herald: "test/bench/dataset test/harness test/process", tests: "api/v1alpha1 controllers/standalone"},
	{path: "test/bench/report"},
	{path: "test/bench/sink", herald: "speaker/wire test/bench/dataset test/bgptest", modules: "golang.org/x/sys"},
	{path: "test/bgptest", herald: "speaker/wire"},
	{path: "test/changeclass", tests: "api/v1alpha1 config/crd controllers/compile speaker speaker/transport speaker/wire test/bgptest test/harness"},
	{path: "test/chart", tests: "api/v1alpha1 controllers/nodeapi test/controlplane test/harness"},
	{path: "test/conformance", tests: "speaker/wire test/bgptest test/harness"},
	{path: "test/controlplane", herald: "test/process", modules: "k8s.io/api k8s.io/apimachinery k8s.io/client-go sigs.k8s.io/controller-runtime sigs.k8s.io/yaml"},
	{path: "test/crd", tests: "api/v1alpha1 config/crd controllers/admission controllers/compile speaker/wire test/controlplane"},
	{path: "test/docs"},
	{path: "test/harness", herald: "speaker/wire test/bgptest test/process", modules: "golang.org/x/sys"},
	{path: "test/imports", tests: "config/crd"},
	{path: "test/interop", tests: "api/v1alpha1 controllers/nodeapi speaker/wire test/bgptest test/harness test/process"},
	{path: "test/locks"},
	{path: "test/operator", tests: "api/v1alpha1 controllers/cluster controllers/compile controllers/kube controllers/status speaker speaker/wire test/controlplane test/harness test/process"},
	{path: "test/process", modules: "golang.org/x/sys"},
	{path: "test/rfcs"},
	{path: "test/tracked", tests: "test/harness"},
}
