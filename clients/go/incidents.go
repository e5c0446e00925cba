package hypocenter

import (
	"context"
	"iter"

	"github.com/hypocenter/hypocenter/clients/go/hypocenterv1"
)

// GetIncident returns one incident in full. Names are written "incidents/{incident}".
func (c *Client) GetIncident(ctx context.Context, name string) (*hypocenterv1.Incident, error) {
	request := &hypocenterv1.GetIncidentRequest{Name: name, View: hypocenterv1.IncidentView_INCIDENT_VIEW_FULL}
	answer, err := call(
		ctx, c, hypocenterv1.IncidentService_GetIncident_FullMethodName, true, request, c.incidents.GetIncident)
	return answer.GetIncident(), err
}

// ListIncidents lists incidents, newest first unless the request says otherwise. Pages are fetched as they are needed;
// PageSize is the size of a page, not a limit.
func (c *Client) ListIncidents(
	ctx context.Context, request *hypocenterv1.ListIncidentsRequest,
) iter.Seq2[*hypocenterv1.Incident, error] {
	return items(request.GetPageToken(), func(token string) ([]*hypocenterv1.Incident, string, error) {
		page := cloneOrNew(request)
		page.PageToken = token
		answer, err := call(
			ctx, c, hypocenterv1.IncidentService_ListIncidents_FullMethodName, true, page, c.incidents.ListIncidents)
		return answer.GetIncidents(), answer.GetNextPageToken(), err
	})
}

// SearchIncidents finds incidents by words, best match first. Scores compare within one page only; stop when there is
// enough.
func (c *Client) SearchIncidents(
	ctx context.Context, request *hypocenterv1.SearchIncidentsRequest,
) iter.Seq2[*hypocenterv1.SearchIncidentsResponse_Match, error] {
	return items(request.GetPageToken(),
		func(token string) ([]*hypocenterv1.SearchIncidentsResponse_Match, string, error) {
			page := cloneOrNew(request)
			page.PageToken = token
			answer, err := call(ctx, c, hypocenterv1.IncidentService_SearchIncidents_FullMethodName, true, page,
				c.incidents.SearchIncidents)
			return answer.GetMatches(), answer.GetNextPageToken(), err
		})
}

// UpdateIncident changes title, severity, labels or resolution. It is retried only with an etag in the incident.
func (c *Client) UpdateIncident(
	ctx context.Context, request *hypocenterv1.UpdateIncidentRequest,
) (*hypocenterv1.Incident, error) {
	repeatable := request.GetIncident().GetEtag() != ""
	answer, err := call(ctx, c, hypocenterv1.IncidentService_UpdateIncident_FullMethodName, repeatable, request,
		c.incidents.UpdateIncident)
	return answer.GetIncident(), err
}

// AcknowledgeIncident says that somebody is on it. With an etag a change made by somebody else in between is
// [ErrConflict], and the call is retried; without one it does neither. A retry of a call whose answer was lost is
// ErrConflict too: get the incident to see.
func (c *Client) AcknowledgeIncident(ctx context.Context, name, etag string) (*hypocenterv1.Incident, error) {
	request := &hypocenterv1.AcknowledgeIncidentRequest{Name: name, Etag: etag}
	answer, err := call(ctx, c, hypocenterv1.IncidentService_AcknowledgeIncident_FullMethodName, etag != "", request,
		c.incidents.AcknowledgeIncident)
	return answer.GetIncident(), err
}

// ResolveIncident closes an incident. The resolution, what ended it, is kept and shown when it happens again. The etag
// is as in [Client.AcknowledgeIncident].
func (c *Client) ResolveIncident(
	ctx context.Context, name, resolution, etag string,
) (*hypocenterv1.Incident, error) {
	request := &hypocenterv1.ResolveIncidentRequest{Name: name, Resolution: resolution, Etag: etag}
	answer, err := call(ctx, c, hypocenterv1.IncidentService_ResolveIncident_FullMethodName, etag != "", request,
		c.incidents.ResolveIncident)
	return answer.GetIncident(), err
}
