// The table of runs: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "list_page.hpp"
#include "personas/persona_use.hpp"
#include "registry/project_part.hpp"
#include "runs/run.hpp"
#include "runs/run_policy.hpp"

namespace projects {

// An empty optional asks for all.
struct RunFilter {
  std::optional<std::string> personaName{};
  std::optional<std::string> status{};
  std::optional<std::string> triggerSource{};
  std::optional<std::string> ticketId{};
};

struct RunPage {
  std::vector<Run> runs;
  bool hasMore = false;
};

// [worker]; every member throws db::Error.
class RunStore final : public PersonaUse, public ProjectPart {
 public:
  static constexpr std::int64_t kForgottenAtOnce = 100;

  explicit RunStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  RunStore in(const mortise::Transaction& tx) const { return RunStore(db_.in(tx)); }

  void add(Run run) const;
  // Makes room for one more run of the project, which has at most `most`: those that ended first go, kForgottenAtOnce
  // at a time. False: it has so many that are not over. Hold the project's runs before: what is counted must stay.
  bool makeRoom(std::string_view projectId, std::int64_t most) const;
  std::optional<Run> find(std::string_view projectId, std::string_view id) const;
  // Newest first, behind a place: at most `limit`, and fewer where they would be more than `bytes`; one at least.
  RunPage list(std::string_view projectId, const RunFilter& filter, const std::optional<ListPlace>& behind,
               std::size_t limit, std::size_t bytes = kMaxListedBytes) const;

  // False: it is not queued any more.
  bool start(std::string_view id, const std::optional<std::string>& tool, mortise::Time now) const;
  // False: it is over.
  bool complete(std::string_view id, const RunResult& result, const RunVerdict& verdict, mortise::Time now) const;
  bool cancel(std::string_view id, mortise::Time now) const;

  // A run that is not over needs its persona.
  bool uses(mortise::Transaction& tx, const std::vector<std::string>& projectIds,
            const Persona& persona) const override;
  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;

 private:
  mortise::Db db_;
};

}  // namespace projects
