// What captured sessions take and what is known of the clients that push them: sync.storage/1, offered by the module
// sync.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/abi/sync_storage.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// What a push told of its client; each text may be empty.
struct SyncClient {
  std::string version;
  std::string platform;
  std::string device;
  std::int64_t lastSyncAt = 0;  // microseconds since the epoch; 0: it never pushed
};

// Take it in start(), not in the constructor:
//   storage_ = host_.optional<mortise::SyncStorage>();     with sync.storage/1 under optional in module.yaml
// [worker] [start]. Failures throw Problem: 422, 503.
class SyncStorage {
 public:
  using Table = mortise_sync_storage_v1;
  static constexpr const char* kInterface = MORTISE_SYNC_STORAGE_V1;
  SyncStorage(mortise_host*, const Table* table) noexcept : table_(table) {}

  // Bytes of the archives of a user's live sessions.
  std::int64_t usedByUser(std::string_view user_id) const { return bytes(table_->used_by_user, user_id); }
  // The same of all members of an organisation, as it is made up now.
  std::int64_t usedByOrg(std::string_view org_id) const { return bytes(table_->used_by_org, org_id); }

  // Bytes that the plan of a tier gives; 0: no limit.
  std::int64_t allowanceOf(std::string_view tier) const { return bytes(table_->allowance_of, tier); }

  // The client that the user pushed with last.
  std::optional<SyncClient> lastClient(std::string_view user_id) const {
    detail::SinkResult<SyncClient> got;
    auto error = detail::noError();
    check(table_->last_client(
              table_->context, detail::str(user_id),
              [](void* context, const mortise_sync_client* c) {
                auto& out = *static_cast<detail::SinkResult<SyncClient>*>(context);
                out.keep([&] {
                  out.value = SyncClient{detail::copied(c->version), detail::copied(c->platform),
                                         detail::copied(c->device), c->last_sync_at};
                });
              },
              &got, &error),
          error);
    return taken(got);
  }
  // What the user's daemon said of its watchers last: a JSON list.
  std::optional<std::string> captureHealth(std::string_view user_id) const {
    detail::SinkResult<std::string> got;
    auto error = detail::noError();
    check(table_->capture_health(
              table_->context, detail::str(user_id),
              [](void* context, mortise_str text) {
                auto& out = *static_cast<detail::SinkResult<std::string>*>(context);
                out.keep([&] { out.value = detail::copied(text); });
              },
              &got, &error),
          error);
    return taken(got);
  }

 private:
  using Bytes = mortise_status (*)(void*, mortise_str, std::int64_t*, mortise_error*);
  std::int64_t bytes(Bytes function, std::string_view id) const {
    std::int64_t out = 0;
    auto error = detail::noError();
    check(function(table_->context, detail::str(id), &out, &error), error);
    return out;
  }
  template <class T>
  static std::optional<T> taken(detail::SinkResult<T>& got) {
    if (got.thrown) std::rethrow_exception(got.thrown);
    return std::move(got.value);
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  const Table* table_;
};

}  // namespace mortise::inline sdk1
