package fakeserver

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// feed holds incidents and every change of them; the position of a change is its resume token.
type feed struct {
	current   []*hypocenterv1.Incident
	changes   []*hypocenterv1.WatchIncidentsResponse
	forgotten int
	cut       error
	cuts      int
	changed   *sync.Cond
}

// PutIncident creates or replaces an incident, by name.
func (s *Server) PutIncident(incident *hypocenterv1.Incident) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incidents.put(incident)
}

// CutWatches ends every running watch with an error.
func (s *Server) CutWatches(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incidents.cut = err
	s.incidents.cuts++
	s.incidents.changed.Broadcast()
}

// ForgetChanges makes all resume tokens given so far too old.
func (s *Server) ForgetChanges() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incidents.forgotten = len(s.incidents.changes) + 1
}

func (f *feed) find(name string) (int, error) {
	for i, incident := range f.current {
		if incident.GetName() == name {
			return i, nil
		}
	}
	return 0, status.Error(codes.NotFound, name+" is not known")
}

func (f *feed) put(incident *hypocenterv1.Incident) *hypocenterv1.Incident {
	incident = proto.CloneOf(incident)
	incident.Etag = fmt.Sprintf("etag-%d", len(f.changes))
	change := &hypocenterv1.WatchIncidentsResponse{
		EventType:   hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_UPDATED,
		Incident:    incident,
		ResumeToken: strconv.Itoa(len(f.changes) + 1),
	}
	if i, err := f.find(incident.GetName()); err == nil {
		f.current[i] = incident
	} else {
		f.current = append(f.current, incident)
		change.EventType = hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_CREATED
	}
	if incident.GetState() == hypocenterv1.Incident_STATE_RESOLVED {
		change.EventType = hypocenterv1.WatchIncidentsResponse_EVENT_TYPE_RESOLVED
	}
	f.changes = append(f.changes, change)
	f.changed.Broadcast()
	return incident
}

type incidentService struct {
	hypocenterv1.UnimplementedIncidentServiceServer
	*Server
}

func (i incidentService) GetIncident(
	_ context.Context, request *hypocenterv1.GetIncidentRequest,
) (*hypocenterv1.GetIncidentResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	at, err := i.incidents.find(request.GetName())
	if err != nil {
		return nil, err
	}
	return &hypocenterv1.GetIncidentResponse{Incident: i.incidents.current[at]}, nil
}

// page cuts a page of at most two, whatever was asked, so that paging is always exercised.
func page[T any](all []T, token string) ([]T, string) {
	start, _ := strconv.Atoi(token)
	end := min(start+2, len(all))
	if end == len(all) {
		return all[start:end], ""
	}
	return all[start:end], strconv.Itoa(end)
}

func (i incidentService) ListIncidents(
	_ context.Context, request *hypocenterv1.ListIncidentsRequest,
) (*hypocenterv1.ListIncidentsResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	found, next := page(i.incidents.current, request.GetPageToken())
	return &hypocenterv1.ListIncidentsResponse{Incidents: found, NextPageToken: next}, nil
}

func (i incidentService) SearchIncidents(
	_ context.Context, request *hypocenterv1.SearchIncidentsRequest,
) (*hypocenterv1.SearchIncidentsResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var matches []*hypocenterv1.SearchIncidentsResponse_Match
	for _, incident := range i.incidents.current {
		if strings.Contains(incident.GetTitle(), request.GetQuery()) {
			matches = append(matches, &hypocenterv1.SearchIncidentsResponse_Match{Incident: incident, Score: 1})
		}
	}
	found, next := page(matches, request.GetPageToken())
	return &hypocenterv1.SearchIncidentsResponse{Matches: found, NextPageToken: next}, nil
}

// change applies a change to an incident whose etag, if given, is current.
func (i incidentService) change(name, etag string, apply func(*hypocenterv1.Incident)) (*hypocenterv1.Incident, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	at, err := i.incidents.find(name)
	if err != nil {
		return nil, err
	}
	incident := proto.CloneOf(i.incidents.current[at])
	if etag != "" && etag != incident.GetEtag() {
		return nil, status.Error(codes.Aborted, "the etag is not current")
	}
	apply(incident)
	return i.incidents.put(incident), nil
}

func (i incidentService) UpdateIncident(
	_ context.Context, request *hypocenterv1.UpdateIncidentRequest,
) (*hypocenterv1.UpdateIncidentResponse, error) {
	wanted := request.GetIncident()
	incident, err := i.change(wanted.GetName(), wanted.GetEtag(), func(incident *hypocenterv1.Incident) {
		incident.Title = wanted.GetTitle()
	})
	return &hypocenterv1.UpdateIncidentResponse{Incident: incident}, err
}

func (i incidentService) AcknowledgeIncident(
	_ context.Context, request *hypocenterv1.AcknowledgeIncidentRequest,
) (*hypocenterv1.AcknowledgeIncidentResponse, error) {
	incident, err := i.change(request.GetName(), request.GetEtag(), func(incident *hypocenterv1.Incident) {
		incident.State = hypocenterv1.Incident_STATE_ACKNOWLEDGED
	})
	return &hypocenterv1.AcknowledgeIncidentResponse{Incident: incident}, err
}

func (i incidentService) ResolveIncident(
	_ context.Context, request *hypocenterv1.ResolveIncidentRequest,
) (*hypocenterv1.ResolveIncidentResponse, error) {
	incident, err := i.change(request.GetName(), request.GetEtag(), func(incident *hypocenterv1.Incident) {
		incident.State = hypocenterv1.Incident_STATE_RESOLVED
		incident.Resolution = request.GetResolution()
	})
	return &hypocenterv1.ResolveIncidentResponse{Incident: incident}, err
}
