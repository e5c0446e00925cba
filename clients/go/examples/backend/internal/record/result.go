package record

import "time"

// State is how far a record has come.
type State string

// A record is pending until it has a result. Dead means that the analysis failed for good; Result.Error says why.
const (
	Pending  State = "pending"
	Analyzed State = "analyzed"
	Dead     State = "dead"
)

// Result is what was found for one record. The assessment is of the whole request the record came with.
type Result struct {
	RecordID    string    `json:"-"`
	State       State     `json:"-"`
	IsAnomaly   bool      `json:"is_anomaly"`
	Severity    string    `json:"severity,omitempty"`
	AnomalyType string    `json:"anomaly_type,omitempty"`
	Score       float64   `json:"score"`
	TemplateID  string    `json:"template_id,omitempty"`
	Finished    time.Time `json:"finished"`
	Assessment  `json:"assessment"`
	// Error is set on dead records only.
	Error string `json:"error,omitempty"`
}

// Assessment is what to tell a person about the records sent together.
type Assessment struct {
	RootCause        string   `json:"root_cause,omitempty"`
	Explanation      string   `json:"explanation,omitempty"`
	AffectedServices []string `json:"affected_services,omitempty"`
	RemediationSteps []string `json:"remediation_steps,omitempty"`
	Confidence       float64  `json:"confidence"`
	// Basis is "cold", "baseline" or "language_model".
	Basis string `json:"basis,omitempty"`
	Model string `json:"model,omitempty"`
}

// Entry is a record with its result; Result is nil while it is pending.
type Entry struct {
	Record
	State  State
	Result *Result
}
