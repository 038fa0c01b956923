#include "core/kernel/gauges.hpp"

#include <atomic>
#include <cstdint>
#include <string>

#include "core/services/limits/bucket.hpp"

namespace mortise::kernel {

void addMailGauges(ops::Registry& metrics, const services::Mailer& mailer) {
  metrics.gaugeFrom("mortise_mail_queue", "Mails of this server that are not sent yet", {},
                    [&mailer] { return static_cast<double>(mailer.queued()); });
}

void addLaneGauges(ops::Registry& metrics, Lanes& lanes, const identity::Identity& identity) {
  metrics.gaugeFrom("mortise_worker_queue", "Requests waiting for a worker", {},
                    [&lanes] { return static_cast<double>(lanes.workers().queued()); });
  metrics.gaugeFrom("mortise_workers_busy", "Workers at work", {},
                    [&lanes] { return static_cast<double>(lanes.workers().inFlight()); });
  metrics.gaugeFrom("mortise_workers_awaiting", "Requests whose handlers wait for another server", {},
                    [&lanes] { return static_cast<double>(lanes.workers().awaiting()); });
  metrics.gaugeFrom("mortise_password_queue", "Requests waiting for a password hash", {},
                    [&lanes] { return static_cast<double>(lanes.passwords().queued()); });
  metrics.gaugeFrom("mortise_password_hashes", "Passwords hashed or checked since the start", {},
                    [&identity] { return static_cast<double>(identity.passwordHashes()); });
  metrics.gaugeFrom("mortise_passwords_busy", "Requests of the password lane at work", {},
                    [&lanes] { return static_cast<double>(lanes.passwords().inFlight()); });
}

void addStreamGauges(ops::Registry& metrics, const StreamWatch& streams) {
  metrics.gaugeFrom("mortise_streams_watched", "Open streams and WebSockets of signed-in callers", {},
                    [&streams] { return static_cast<double>(streams.watched()); });
  metrics.gaugeFrom("mortise_streams_rights_ended", "Streams and WebSockets ended with their caller's rights", {},
                    [&streams] { return static_cast<double>(streams.ended()); });
  metrics.gaugeFrom("mortise_streams_rights_checks", "Looks at the rights of the callers of open streams", {},
                    [&streams] { return static_cast<double>(streams.checks()); });
}

void addSlotGauges(ops::Registry& metrics, const std::vector<contract::CompiledDocument>& documents,
                   const services::Slots& slots) {
  for (const auto& compiled : documents) {
    for (const auto& bucket : compiled.buckets) {
      if (bucket->algorithm != contract::Bucket::Algorithm::concurrent) continue;
      metrics.gaugeFrom("mortise_limit_slots", "Slots of a concurrent bucket that this server holds",
                        {{"bucket", bucket->name}},
                        [&slots, name = bucket->name] { return static_cast<double>(slots.inUse(name)); });
    }
  }
}

void addServerGauges(ops::Registry& metrics, const http::Server& server) {
  const auto add = [&](const char* name, const char* help, const std::atomic<std::uint64_t>& value) {
    metrics.gaugeFrom(name, help, {}, [&value] { return static_cast<double>(value.load(std::memory_order_relaxed)); });
  };
  const auto& counters = server.counters();
  add("mortise_http_connections", "Open connections", counters.connections);
  add("mortise_http_streams", "Open event streams", counters.streams);
  add("mortise_http_websockets", "Open WebSockets", counters.webSockets);
  add("mortise_http_accepted", "Connections accepted since the start", counters.accepted);
  add("mortise_http_connections_refused", "Connections refused since the start", counters.refusedConnections);
  add("mortise_http_dropped_slow", "Clients dropped because they did not read, since the start", counters.droppedSlow);
  add("mortise_http_bytes_in", "Bytes received since the start", counters.bytesIn);
  add("mortise_http_bytes_out", "Bytes sent since the start", counters.bytesOut);
  add("mortise_http_spool_waiting_bytes", "Bytes of uploads that wait for the disk", counters.spooling);
  metrics.gaugeFrom("mortise_http_body_bytes", "Bytes of http.body_memory in use", {},
                    [&server] { return static_cast<double>(server.bodyBytes()); });
  metrics.gaugeFrom("mortise_http_bodies_refused",
                    "Request bodies refused for lack of http.body_memory, since the start", {},
                    [&server] { return static_cast<double>(server.refusedBodies()); });
}

}  // namespace mortise::kernel
