package legacyqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// UpdatesChannel is where every event of the queue is published.
func (q *QueueService) UpdatesChannel() string { return q.p + "updates" }

// Subscribe listens to a channel; "" is the queue's own. It returns once Redis has confirmed it.
func (q *QueueService) Subscribe(ctx context.Context, channel string) (*redis.PubSub, error) {
	if channel == "" {
		channel = q.UpdatesChannel()
	}
	sub := q.rdb.Subscribe(ctx, channel)
	if _, err := sub.Receive(ctx); err != nil {
		return nil, fmt.Errorf("failed to subscribe to %s: %w", channel, err)
	}
	return sub, nil
}

// publish sends one event. The message is a map, so its keys come out in alphabetical order.
func (q *QueueService) publish(ctx context.Context, event, id, status string, priority *int) error {
	data := map[string]interface{}{"job_id": id, "status": status}
	if priority != nil {
		data["priority"] = *priority
	}
	message, err := json.Marshal(map[string]interface{}{
		"event":     event,
		"job_id":    id,
		"timestamp": time.Now().Unix(),
		"data":      data,
	})
	if err != nil {
		return fmt.Errorf("failed to marshal update: %w", err)
	}
	if err := q.rdb.Publish(ctx, q.UpdatesChannel(), message).Err(); err != nil {
		return fmt.Errorf("failed to publish update: %w", err)
	}
	return nil
}
