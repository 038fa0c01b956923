// Reads the archives of a user's live sessions again: what they say is stored and found as a push of today would do it.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "archives/archive_limits.hpp"
#include "library/captured_session_store.hpp"
#include "projects/project_lookup.hpp"
#include "search/search_index.hpp"

namespace session_sharing {

// [the threads that read archives]
class Reindex {
 public:
  Reindex(mortise::Host host, const ProjectLookup& projects, const TierLimits& limits);

  struct Outcome {
    std::int64_t reindexed = 0;       // sessions that were read
    std::int64_t updated = 0;         // of these, whose row says something else now
    std::int64_t errors = 0;          // that could not be read; the log says why
    std::optional<std::string> next;  // `enough` ended it: to go on behind this id
  };
  // In the order of ids, behind `after`. What an archive does not say (title, tags, tool) stays as it is; so do the
  // times. Asks `enough` before each session; what `cancelled` throws ends it.
  Outcome run(std::string_view userId, std::string_view tier, std::string after, const std::function<bool()>& enough,
              const std::function<void()>& cancelled) const;

 private:
  // Whether the row changed.
  bool reindex(const CapturedSession& session, std::string_view tier, const std::function<void()>& cancelled) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Blobs blobs_;
  const ProjectLookup& projects_;
  const TierLimits& limits_;
  CapturedSessionStore store_;
  SearchIndex searchIndex_;
};

}  // namespace session_sharing
