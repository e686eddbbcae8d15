package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"

	"drover.dev/interop/legacyqueue"
)

// reply is the answer to one line of serve.
type reply struct {
	Seq    int64  `json:"seq"`
	Answer object `json:"answer,omitempty"`
	Error  string `json:"error,omitempty"`
}

// serve does the operations on in, strictly one after the other, until it ends.
func serve(ctx context.Context, q *legacyqueue.QueueService, in io.Reader, out io.Writer) error {
	o := newOperator(q)
	lines := bufio.NewReader(in)
	answers := json.NewEncoder(out)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := answers.Encode(answer(ctx, o, line)); err != nil {
			return err
		}
	}
}

func answer(ctx context.Context, o *operator, line []byte) reply {
	var r struct {
		Seq int64 `json:"seq"`
		request
	}
	r.Priority = legacyqueue.PriorityNormal
	if err := json.Unmarshal(line, &r); err != nil {
		return reply{Error: "not a command: " + err.Error()}
	}
	answer, err := o.do(ctx, r.request)
	if err != nil {
		return reply{Seq: r.Seq, Error: err.Error()}
	}
	return reply{Seq: r.Seq, Answer: answer}
}
