// Command aiopt imports PyTorch models, runs compiler passes over them, and runs them.
package main

import (
	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tools/cli"
)

func main() { cli.Main(aiopt.Standard()) }
