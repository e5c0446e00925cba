package analysis

import (
	"encoding/json"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/hypocenter/hypocenter/clients/go/examples/backend/internal/record"
)

func TestLogsData(t *testing.T) {
	at := time.Unix(1, 5)
	records := []record.Record{
		{ID: "0", Service: "web", Level: "warning", Message: "w", Time: at, Received: at},
		{ID: "1", Service: "cart", Level: "odd", Message: "c", Time: at, Received: at,
			TraceID:    "4bf92f3577b34da6a3ce929d0e0e4736",
			Attributes: json.RawMessage(`{"z":9007199254740993,"a":[true,null,1.5,{"x":"\u0000"}],"e":1e999}`)},
		{ID: "2", Service: "web", Level: "FATAL", Message: "w2", Time: at, Received: at},
	}
	data, order, err := logsData(records)
	if err != nil {
		t.Fatal(err)
	}
	if len(order) != 3 || order[0] != 1 || order[1] != 0 || order[2] != 2 {
		t.Fatalf("order = %v, want cart before web", order)
	}
	cart := data.GetResourceLogs()[0].GetScopeLogs()[0].GetLogRecords()[0]
	if cart.GetTimeUnixNano() != 1_000_000_005 || len(cart.GetTraceId()) != 16 || cart.GetSeverityText() != "odd" ||
		cart.GetSeverityNumber() != 0 {
		t.Fatalf("cart = %v", cart)
	}
	attributes := cart.GetAttributes()
	if attributes[0].GetKey() != "a" || len(attributes[0].GetValue().GetArrayValue().GetValues()) != 4 ||
		attributes[1].GetValue().GetStringValue() != "1e999" ||
		attributes[2].GetValue().GetIntValue() != 9007199254740993 {
		t.Fatalf("attributes = %v", protojson.Format(cart))
	}
	web := data.GetResourceLogs()[1].GetScopeLogs()[0].GetLogRecords()
	if web[0].GetSeverityNumber() != 13 || web[1].GetSeverityNumber() != 21 {
		t.Fatalf("web = %v", web)
	}
	for range 20 {
		again, _, err := logsData(records)
		if err != nil || !proto.Equal(data, again) {
			t.Fatal("the same records gave another request")
		}
	}
}
