// Gauges on /metrics that read a part of the kernel at each rendering. The parts must outlive the last rendering of
// `metrics`.
#pragma once

#include <vector>

#include "core/contract/operation.hpp"
#include "core/http/server.hpp"
#include "core/identity/identity.hpp"
#include "core/kernel/lanes.hpp"
#include "core/kernel/stream_watch.hpp"
#include "core/ops/metrics.hpp"
#include "core/services/limits/slots.hpp"
#include "core/services/mail/mail.hpp"

namespace mortise::kernel {

void addMailGauges(ops::Registry& metrics, const services::Mailer& mailer);
void addLaneGauges(ops::Registry& metrics, Lanes& lanes, const identity::Identity& identity);
void addStreamGauges(ops::Registry& metrics, const StreamWatch& streams);
// One for each concurrent bucket of the contracts.
void addSlotGauges(ops::Registry& metrics, const std::vector<contract::CompiledDocument>& documents,
                   const services::Slots& slots);
void addServerGauges(ops::Registry& metrics, const http::Server& server);

}  // namespace mortise::kernel
