// Copyright The Herald Authors
// SPDX-License-Identifier: Apache-2.0

// Command herald is the BGP operator: with Kubernetes (run) or with files alone (standalone).
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	limitMemory()
	if err := newRootCommand().ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "herald: "+err.Error())
		os.Exit(1)
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "herald",
		Short: "Announce prefixes over BGP, as objects describe",
		Long: "Herald announces prefixes over BGP: BGPPeers are the neighbours, Announcements the prefixes, and every object shows in its\n" +
			"status what happened on the wire and why.",
		Example: "  # In a cluster, as the operator:\n" +
			"  herald run --role=node\n\n" +
			"  # On a host, from a directory of the same objects:\n" +
			"  herald standalone --manifests /etc/herald\n\n" +
			"  # The state of sessions and announcements:\n" +
			"  herald status",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newRunCommand(), newStandaloneCommand(), newStatusCommand(), newProbeCommand(), newVersionCommand())
	return root
}

// noArguments refuses arguments. Its error does not call an argument an unknown command, as cobra's does.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, and %q is one: flags begin with --", command.CommandPath(), args[0])
	}
	return nil
}
