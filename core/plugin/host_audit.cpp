// audit/1 over services::Audit.
#include <algorithm>
#include <iterator>

#include "core/plugin/call.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/services/audit/audit.hpp"
#include "mortise/abi/audit.h"

namespace mortise::plugin {
namespace {

// Names without a module before them, which contracts fix, and the module that writes each.
struct FixedName {
  std::string_view module;
  std::string_view action;
};
constexpr FixedName kFixedNames[] = {{"auth", "mint_api_key_on_behalf"}};

bool mayWrite(const std::string& module, std::string_view action) {
  if (action.starts_with(module + ".")) return true;
  return std::any_of(std::begin(kFixedNames), std::end(kFixedNames),
                     [&](const FixedName& fixed) { return fixed.module == module && fixed.action == action; });
}

extern "C" {

mortise_status auditRecord(mortise_host* raw, const mortise_audit_entry* entry, mortise_error* error) {
  return joined<&HostServices::audit>(raw, "audit/1 record", error, [&](Host& host, services::Audit& audit) {
    if (!MORTISE_COMPLETE(entry, mortise_audit_entry, call)) return tooShort(error, "mortise_audit_entry");
    const auto action = view(entry->action);
    if (!mayWrite(host.moduleName(), action)) {
      return answer(error, MORTISE_INVALID, "bad_action",
                    "an action begins with the module's name and a dot: " + host.moduleName() + ".");
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
