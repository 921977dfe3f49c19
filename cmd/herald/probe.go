// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/herald-bgp/herald/controllers/nodeapi"
)

// newProbeCommand returns "herald probe", which asks a running herald whether it is ready.
func newProbeCommand() *cobra.Command {
	var address string
	command := &cobra.Command{
		Use:   "probe",
		Short: "Ask a running herald whether it is ready",
		Long: "Ask the herald of this container whether it is ready. While it is not, fail and print what it waits for. The probe\n" +
			"uses a Unix socket, since another program of the host could have taken a port.",
		Example: "  herald probe\n" +
			"  herald probe --address 127.0.0.1:9179",
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := nodeapi.GetReady(c.Context(), address)
			if err == nil {
				_, err = fmt.Fprintln(c.OutOrStdout(), text)
			}
			return err
		},
	}
	command.Flags().StringVar(&address, "address", nodeapi.DefaultSocket, "the running herald's --probe-socket or --health-address")
	return command
}
