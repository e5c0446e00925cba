package main

import (
	"io"
	"strings"
	"testing"
)

func TestParseConfigRefuses(t *testing.T) {
	t.Setenv("BACKEND_REDIS_URL", "")
	t.Setenv("BACKEND_POSTGRES_URL", "")
	for arguments, want := range map[string]string{
		"-store mysql":         "-store",
		"-queue kafka":         "-queue",
		"-store postgres":      "BACKEND_POSTGRES_URL",
		"-queue redis":         "BACKEND_REDIS_URL",
		"-workers 0":           "-workers",
		"-lease 0s":            "-lease",
		"-retry-max 1ms":       "-retry-initial",
		"stray":                "stray",
		"-no-such-flag":        "no-such-flag",
		"-analysis-timeout -1": "analysis-timeout",
	} {
		if _, err := parseConfig(strings.Fields(arguments), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want it to name %s", arguments, err, want)
		}
	}
}

func TestSecretsComeFromTheEnvironment(t *testing.T) {
	t.Setenv("BACKEND_REDIS_URL", "redis://:secret@127.0.0.1:1/0")
	t.Setenv("HYPOCENTER_TOKEN", "token")
	c, err := parseConfig([]string{"-queue", "redis"}, io.Discard)
	if err != nil || c.redisURL == "" || c.hypocenterToken != "token" {
		t.Fatalf("config = %+v, %v", c, err)
	}
	var help strings.Builder
	if _, err := parseConfig([]string{"-h"}, &help); err == nil || strings.Contains(help.String(), "secret") {
		t.Fatalf("-h shows a secret, or is no error: %v", err)
	}
}
