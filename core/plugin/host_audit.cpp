// audit/1 over services::Audit.
#include "core/plugin/call.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/services/audit/audit.hpp"
#include "mortise/abi/audit.h"

namespace mortise::plugin {
namespace {

extern "C" {

mortise_status auditRecord(mortise_host* raw, const mortise_audit_entry* entry, mortise_error* error) {
  return joined<&HostServices::audit>(raw, "audit/1 record", error, [&](Host& host, services::Audit& audit) {
    if (!MORTISE_COMPLETE(entry, mortise_audit_entry, call)) return tooShort(error, "mortise_audit_entry");
    const auto action = view(entry->action);
    // A name without a dot is nobody's: contracts fix some. With one it tells whose act it was.
    if (action.find('.') != std::string_view::npos && !action.starts_with(host.moduleName() + ".")) {
      return answer(error, MORTISE_INVALID, "bad_action",
                    "an action begins with the module's name, " + host.moduleName() + ".; or it has no dot at all");
    }
    services::AuditEntry record;
    record.actor = "module:" + host.moduleName();
    record.action = copy(entry->action);
    record.target = copy(entry->target);
    record.details = copy(entry->details);
    if (entry->call != nullptr) {
      const auto& call = *reinterpret_cast<const Call*>(entry->call);
      const auto* principal = call.principal();
      if (principal != nullptr) record.actor = copy(principal->user_id);
      record.ip = std::string(call.address());
      record.requestId = std::string(call.logId());
    }
    audit.record(std::move(record));
    return MORTISE_OK;
  });
}

}  // extern "C"

const mortise_audit_v1 kTable = {sizeof(mortise_audit_v1), &auditRecord};

}  // namespace

template <>
ServedInterface serve<mortise_audit_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::audit>};
}

}  // namespace mortise::plugin
