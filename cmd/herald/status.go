// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/herald-bgp/herald/controllers/nodeapi"
)

// newStatusCommand returns "herald status", which asks a running herald.
func newStatusCommand() *cobra.Command {
	var address, output string
	command := &cobra.Command{
		Use:   "status",
		Short: "Print the state of a running herald: sessions, peers, announcements and problems",
		Long: "Print the state of the herald on this host, standalone or as the operator: its sessions and, if it knows them, the\n" +
			"peers and announcements, in the columns of kubectl get; then each object that is refused and each announcement\n" +
			"that is withheld, with the reason.",
		Example: "  herald status\n" +
			"  herald status -o wide\n" +
			"  herald status --address 127.0.0.1:9279 -o yaml",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return printStatus(c.Context(), c.OutOrStdout(), address, output)
		},
	}
	flags := command.Flags()
	flags.StringVar(&address, "address", nodeapi.DefaultAddress, "the running herald's --health-address or --probe-socket")
	flags.StringVarP(&output, "output", "o", "table", "form of the output: table, wide, json or yaml")
	return command
}

func printStatus(ctx context.Context, w io.Writer, address, output string) error {
	switch output {
	case "table", "wide", "json", "yaml":
	default:
		return fmt.Errorf("--output %q: write table, wide, json or yaml", output)
	}
	list, err := nodeapi.GetStatus(ctx, address)
	if err != nil {
		return err
	}
	var text []byte
	switch output {
	case "json":
		text, err = json.MarshalIndent(list.UnstructuredContent(), "", "    ")
		text = append(text, '\n')
	case "yaml":
		text, err = yaml.Marshal(list.UnstructuredContent())
	default:
		return nodeapi.WriteTables(w, list, output == "wide")
	}
	if err != nil {
		return fmt.Errorf("print the status: %w", err)
	}
	_, err = w.Write(text)
	return err
}
