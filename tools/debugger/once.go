package debugger

import "sync"

// onceWell does a thing until it has gone well, and gives what that gave from then on: a file that could not be read may be mended.
func onceWell[T any](do func() (T, error)) func() (T, error) {
	var mu sync.Mutex
	var well bool
	var kept T
	return func() (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if well {
			return kept, nil
		}
		got, err := do()
		if err == nil {
			kept, well = got, true
		}
		return got, err
	}
}
