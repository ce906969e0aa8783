// Peakmem runs a command and reports, on stderr, how long it took and the most memory it held of its own: the peak of
// RssAnon + RssShmem, so that mapped model files do not count. It reads /proc and works on Linux only.
//
//	go run ./tests/peakmem ./aiopt run model.pt2 --inputs=x.safetensors
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/aiopt/aiopt/tools/memory"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: peakmem COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "peakmem:", err)
		os.Exit(1)
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	peak, err := watch(cmd.Process.Pid, done)
	wall := time.Since(start).Seconds()
	fmt.Fprintf(os.Stderr, "peakmem: %.1f MB, %.2f s wall, %.2f s user, %.2f s system\n", float64(peak)/1e6, wall,
		cmd.ProcessState.UserTime().Seconds(), cmd.ProcessState.SystemTime().Seconds())
	if err == nil {
		return
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		os.Exit(exit.ExitCode())
	}
	fmt.Fprintln(os.Stderr, "peakmem:", err)
	os.Exit(1)
}

// watch samples a process until it is done and gives its peak in bytes.
func watch(pid int, done <-chan error) (peak int64, err error) {
	tick := time.NewTicker(memory.Interval)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return peak, err
		case <-tick.C:
			n, _ := memory.Own(pid) // of one that has just ended nothing; the next round sees it done
			peak = max(peak, n)
		}
	}
}
