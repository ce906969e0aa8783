package host

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// machineMemory is how many bytes of memory this machine has, or MaxBytes where that cannot be found out. A tensor larger
// than it is refused: Go cannot report running out of memory, it can only end the program.
var machineMemory = sync.OnceValue(func() int {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return MaxBytes
	}
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemTotal:" && fields[2] == "kB" {
			if n, err := strconv.Atoi(fields[1]); err == nil {
				return n * 1024
			}
		}
	}
	return MaxBytes
})
