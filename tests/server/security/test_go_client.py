"""The Go client against a secured service, with nothing but its own options."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running_server import REPOSITORY
from tests.server.security.conftest import OPERATE, READ, WRONG, Secured

MODULE = REPOSITORY / "clients" / "go"
PROGRAM = """package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc/status"

	hypocenter "github.com/hypocenter/hypocenter/clients/go"
	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(os.Args[2])))
	pair := must(tls.LoadX509KeyPair(os.Args[3], os.Args[4]))
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	for _, token := range os.Args[5:] {
		client := must(hypocenter.New(os.Args[1], hypocenter.WithTLS(config), hypocenter.WithToken(token)))
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_, err := client.GetServiceGraph(ctx, &hypocenterv1.GetServiceGraphRequest{})
		fmt.Println("get", status.Code(err))
		_, err = client.AcknowledgeIncident(ctx, "incidents/00000000000000aa", "")
		fmt.Println("acknowledge", status.Code(err))
		cancel()
		client.Close()
	}
}
"""


@pytest.mark.golang
@pytest.mark.timeout(700)  # The first build on a machine fetches and compiles gRPC.
def test_the_go_client(go: str, with_both: Secured, tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(PROGRAM)
    (path,) = re.findall(r"^module (\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    module = re.sub(r"^module (\S+)", "module secured", (MODULE / "go.mod").read_text(), flags=re.MULTILINE)
    (tmp_path / "go.mod").write_text(f"{module}\nrequire {path} v0.0.0\nreplace {path} => {MODULE}\n")
    shutil.copy(MODULE / "go.sum", tmp_path)
    files = (with_both.ca, with_both.client.cert, with_both.client.key)
    answer = subprocess.run(
        [go, "run", ".", with_both.server.api_grpc, *files, READ, OPERATE, WRONG],
        cwd=tmp_path,
        env={**os.environ, "GOFLAGS": "-mod=mod", "GOWORK": "off"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == [
        "get OK",
        "acknowledge PermissionDenied",
        "get OK",
        "acknowledge NotFound",
        "get Unauthenticated",
        "acknowledge Unauthenticated",
    ]
