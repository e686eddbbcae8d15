// Package legacyqueue is the Redis queue of a Go service that was written before Drover and knows
// nothing of it: the same commands, in the same order, with the same weaknesses. It exists so that
// Drover's tests can drive the real thing; nothing in it may be "repaired".
package legacyqueue

import "time"

// Job priorities, as the services name them. Any other integer is valid too.
const (
	PriorityLow    = 0
	PriorityNormal = 1
	PriorityHigh   = 2
)

// Job statuses.
const (
	StatusPending   = "pending"
	StatusRunning   = "running"
	StatusCompleted = "completed"
	StatusFailed    = "failed"
	StatusCancelled = "cancelled"

	// statusProcessing is an older spelling of running that is still accepted.
	statusProcessing = "processing"
)

// Job is one job as a service sees it: the common fields, then the service's own payload at the top
// level. Fields of the stored document that are not listed here are lost when it is written again.
type Job struct {
	ID          string     `json:"id"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	DeletedAt   *time.Time `json:"deleted_at"`
	Status      string     `json:"status"`
	Progress    int        `json:"progress"`
	Priority    int        `json:"priority"`
	StartedAt   *time.Time `json:"started_at,omitempty"`
	CompletedAt *time.Time `json:"completed_at,omitempty"`
	ErrorMsg    string     `json:"error_msg,omitempty"`

	Count      int    `json:"count"`
	Username   string `json:"username"`
	Successful int    `json:"successful"`
	Failed     int    `json:"failed"`
	TestMode   bool   `json:"test_mode"`
}

// NewJob returns a pending job created now.
func NewJob(id string, priority int) *Job {
	now := time.Now()
	return &Job{ID: id, CreatedAt: now, UpdatedAt: now, Status: StatusPending, Priority: priority}
}

// normalizeStatus returns the status in its present spelling and whether there is such a status.
func normalizeStatus(status string) (string, bool) {
	switch status {
	case statusProcessing:
		return StatusRunning, true
	case StatusPending, StatusRunning, StatusCompleted, StatusFailed, StatusCancelled:
		return status, true
	}
	return status, false
}

// isFinished says whether a job in this status leaves the queue and the processing set.
func isFinished(status string) bool {
	return status == StatusCompleted || status == StatusFailed || status == StatusCancelled
}
