package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// crashHook kills the process right after a command has been answered: between this command of an
// operation and the next.
type crashHook struct {
	name      string
	remaining int
	out       io.Writer
}

// newCrashHook reads "zpopmin" (first call) or "set:2" (second call).
func newCrashHook(after string, out io.Writer) (*crashHook, error) {
	parts := strings.SplitN(strings.ToLower(after), ":", 2)
	calls := 1
	if len(parts) == 2 {
		n, err := strconv.Atoi(parts[1])
		if err != nil || n < 1 {
			return nil, fmt.Errorf("wrong --crash-after %q: want a command or command:n", after)
		}
		calls = n
	}
	return &crashHook{name: parts[0], remaining: calls, out: out}, nil
}

func (h *crashHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *crashHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *crashHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() != h.name {
			return err
		}
		h.remaining--
		if h.remaining == 0 {
			_ = json.NewEncoder(h.out).Encode(map[string]string{"crashed_after": h.name, "command": cmd.String()})
			die()
		}
		return err
	}
}

// slowHook waits after every command: whatever others do between two commands of an operation, it
// gives them the time.
type slowHook struct{ pause time.Duration }

func (h slowHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h slowHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h slowHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		time.Sleep(h.pause)
		return err
	}
}

// die ends the process as kill -9 would: nothing deferred runs, no connection is closed politely.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		os.Exit(137)
	}
	select {}
}
