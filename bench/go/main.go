// Computes the root over n leaf hashes with Go's own tlog.NodeHash, level by level, once for every line on
// standard input, and says how many seconds it took and what the root is.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

func leaves(n int) []tlog.Hash {
	made := make([]tlog.Hash, n)
	for i := range made {
		var data [32]byte
		binary.BigEndian.PutUint64(data[24:], uint64(i))
		made[i] = tlog.RecordHash(data[:])
	}
	return made
}

func root(level []tlog.Hash) tlog.Hash {
	for len(level) > 1 {
		above := level[:0]
		for i := 0; i+1 < len(level); i += 2 {
			above = append(above, tlog.NodeHash(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			above = append(above, level[len(level)-1])
		}
		level = above
	}
	return level[0]
}

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	all := leaves(n)
	level := make([]tlog.Hash, n)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		copy(level, all)
		start := time.Now()
		found := root(level)
		fmt.Printf("%.9f %x\n", time.Since(start).Seconds(), found[:])
	}
}
