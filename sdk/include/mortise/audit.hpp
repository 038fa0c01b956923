// Who did what to whom, for the operator: audit/1.
#pragma once

#include <string>
#include <string_view>

#include "mortise/abi/audit.h"
#include "mortise/db.hpp"
#include "mortise/host.hpp"
#include "mortise/json.hpp"
#include "mortise/problem.hpp"
#include "mortise/request.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// For acts that a person may have to answer for. Durable when record() returns; it throws Problem when it could not be
// written, and then the act itself should fail. [worker] [start]
class Audit {
 public:
  using Table = mortise_audit_v1;
  static constexpr const char* kInterface = MORTISE_AUDIT_V1;
  Audit(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // The same inside a transaction of Db::transaction().
  Audit in(const Transaction& tx) const noexcept { return Audit(tx.host(), table_); }

  // `action` begins with the module's name and a dot, "files.shared"; `target`: "file:ID". The request gives actor,
  // address and request id.
  void record(const Request& request, std::string_view action, std::string_view target,
              const json::Value& details = json::object()) const {
    write(request.get(), action, target, details);
  }
  // Outside a request: the actor is the module.
  void record(std::string_view action, std::string_view target, const json::Value& details = json::object()) const {
    write(nullptr, action, target, details);
  }

 private:
  void write(mortise_call* call, std::string_view action, std::string_view target, const json::Value& details) const {
    mortise_audit_entry entry{};
    entry.struct_size = sizeof entry;
    entry.action = detail::str(action);
    entry.target = detail::str(target);
    entry.details = detail::str(details.text());
    entry.call = call;
    auto error = detail::noError();
    const auto status = table_->record(host_, &entry, &error);
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  mortise_host* host_;
  const Table* table_;
};

inline Audit Host::audit() const { return need<Audit>(); }

}  // namespace mortise::inline sdk1
