package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is why a run ends before it is done: the user, or the system, asked for it.
type interrupted struct{ code int }

// Error says no more than the user knows.
func (interrupted) Error() string { return "interrupted" }

// exitSignal is what a shell adds to a signal's number for the exit code of what it ended.
const exitSignal = 128

// exitInterrupt is the exit code of a run that was cancelled by other means than a signal.
const exitInterrupt = exitSignal + int(syscall.SIGINT)

// untilSignal gives a context that ends at the first signal that asks the program to end, so that it can remove the files
// it has not completed; the next such signal ends it at once. What the caller ignores, as nohup does, stays ignored.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	ch := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(ch, s)
		}
	}
	go func() {
		s, ok := <-ch
		if !ok {
			return
		}
		signal.Stop(ch)
		code := exitInterrupt
		if n, ok := s.(syscall.Signal); ok {
			code = exitSignal + int(n)
		}
		cancel(interrupted{code})
	}()
	return ctx, func() {
		signal.Stop(ch)
		cancel(nil)
	}
}

// interruption is what a run that failed is told as once its context has ended, whatever its error says: what was being
// done then did not fail by itself. It is nil while the context lasts.
func interruption(ctx context.Context) *interrupted {
	if ctx.Err() == nil {
		return nil
	}
	var by interrupted
	if !errors.As(context.Cause(ctx), &by) {
		by.code = exitInterrupt
	}
	return &by
}
