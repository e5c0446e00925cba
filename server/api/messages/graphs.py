"""ServiceGraph to its message."""

from hypocenter.v1 import service_graph_pb2

from rca.graph import Edge, Node, ServiceGraph
from server.api.messages.services import to_service
from server.api.messages.timestamps import to_duration, to_timestamp


def to_service_graph(graph: ServiceGraph) -> service_graph_pb2.ServiceGraph:
    return service_graph_pb2.ServiceGraph(
        nodes=[_node(node) for node in graph.nodes],
        edges=[_edge(edge) for edge in graph.edges],
        start_time=to_timestamp(graph.start_unix_nano),
        end_time=to_timestamp(graph.end_unix_nano),
    )


def _node(node: Node) -> service_graph_pb2.ServiceNode:
    kinds = service_graph_pb2.ServiceNode
    return service_graph_pb2.ServiceNode(
        service_name=node.service.name,
        service=to_service(node.service),
        span_count=node.spans,
        error_count=node.errors,
        log_count=node.records,
        kind=kinds.KIND_INSTRUMENTED if node.instrumented else kinds.KIND_INFERRED,
    )


def _edge(edge: Edge) -> service_graph_pb2.ServiceEdge:
    bases = service_graph_pb2.ServiceEdge
    return service_graph_pb2.ServiceEdge(
        client=edge.client.name,
        client_service=to_service(edge.client),
        server=edge.server.name,
        server_service=to_service(edge.server),
        request_count=edge.calls,
        failed_request_count=edge.errors,
        p50_duration=to_duration(edge.p50),
        p95_duration=to_duration(edge.p95),
        basis=bases.BASIS_PEER_ATTRIBUTE if edge.inferred else bases.BASIS_SPANS,
        confidence=edge.confidence,
        asynchronous=edge.asynchronous,
    )
