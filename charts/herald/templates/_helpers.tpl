{{/*
Copyright The Herald Authors
SPDX-License-Identifier: Apache-2.0
*/}}

{{/* Labels of every object. */}}
{{- define "herald.labels" -}}
app.kubernetes.io/name: herald
app.kubernetes.io/part-of: herald
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels that select the pods of a role; the argument is its name. The cluster role finds the speakers by them. */}}
{{- define "herald.selector" -}}
app.kubernetes.io/name: herald
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "herald.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}

{{- define "herald.authNamespace" -}}
{{ .Values.authNamespace | default .Release.Namespace }}
{{- end }}

{{/*
Files of the metrics endpoint. They are optional volumes: if one is missing, the endpoint fails and the speaker runs.
*/}}
{{- define "herald.metricsArgs" -}}
{{- with .Values.metrics.certSecret }}
- --metrics-cert-dir=/etc/herald/metrics-cert
{{- end }}
{{- with .Values.metrics.clientCAConfigMap }}
- --metrics-client-ca=/etc/herald/metrics-client-ca/ca.crt
{{- end }}
{{- end }}

{{- define "herald.metricsMounts" -}}
{{- with .Values.metrics.certSecret }}
- name: metrics-cert
  mountPath: /etc/herald/metrics-cert
  readOnly: true
{{- end }}
{{- with .Values.metrics.clientCAConfigMap }}
- name: metrics-client-ca
  mountPath: /etc/herald/metrics-client-ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "herald.metricsVolumes" -}}
{{- with .Values.metrics.certSecret }}
- name: metrics-cert
  secret:
    secretName: {{ . }}
    optional: true
{{- end }}
{{- with .Values.metrics.clientCAConfigMap }}
- name: metrics-client-ca
  configMap:
    name: {{ . }}
    optional: true
{{- end }}
{{- end }}

{{- define "herald.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65534
runAsGroup: 65534
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "herald.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
  - ALL
{{- end }}
