package realserver

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	// The driver "pgx" of database/sql.
	_ "github.com/jackc/pgx/v5/stdlib"
)

// Postgres is a running PostgreSQL.
type Postgres struct {
	port      string
	databases atomic.Int64
}

// StartPostgres makes a cluster and starts it. PostgreSQL refuses to run as root, so root runs it as "postgres".
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	initdb := tool(t, "initdb", "postgresql", "/usr/lib/postgresql/*/bin/initdb")
	program := tool(t, "postgres", "postgresql", "/usr/lib/postgresql/*/bin/postgres")
	directory, identity := postgresHome(t)

	initialize := exec.Command(initdb, "--pgdata", directory, "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	initialize.SysProcAttr, initialize.Dir = identity, directory
	if output, err := initialize.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, output)
	}
	p := &Postgres{port: freePort(t)}
	command := exec.Command(program, "-D", directory, "-p", p.port,
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")
	command.SysProcAttr, command.Dir = identity, directory
	// SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
	server := start(t, command, syscall.SIGINT)
	server.await(t, func() error { return p.run("SELECT 1") })
	return p
}

// Database makes an empty database and returns its URL.
func (p *Postgres) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", p.databases.Add(1))
	if err := p.run("CREATE DATABASE " + name); err != nil {
		t.Fatalf("create database: %v", err)
	}
	return p.url(name)
}

func (p *Postgres) url(database string) string {
	return "postgres://postgres@127.0.0.1:" + p.port + "/" + database + "?sslmode=disable"
}

func (p *Postgres) run(statement string) error {
	db, err := sql.Open("pgx", p.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(context.Background(), statement)
	return err
}

// postgresHome makes the data directory, and says as whom to run. It is not below t.TempDir, which only its owner may
// enter.
func postgresHome(t testing.TB) (string, *syscall.SysProcAttr) {
	t.Helper()
	home, err := os.MkdirTemp("", "hypocenter-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	directory := filepath.Join(home, "data")
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		return directory, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		need(t, "running as root without an account postgres: "+err.Error())
	}
	uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		t.Fatalf("account postgres has ids %q and %q", account.Uid, account.Gid)
	}
	for _, owned := range []string{home, directory} {
		if err := os.Chown(owned, int(uid), int(gid)); err != nil {
			t.Fatal(err)
		}
	}
	return directory, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}
