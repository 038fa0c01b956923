#include "work_queues/work_queue_part.hpp"

#include <mortise/characters.hpp>

#include <set>
#include <string>
#include <utility>

#include "work_queues/ticket_selector.hpp"

namespace projects {
namespace {

constexpr std::size_t kMaxName = 100;  // characters

}  // namespace

void WorkQueuePart::removed(mortise::Transaction& tx, std::string_view projectId) {
  queues_.in(tx).removeAllOf(projectId);
}

void WorkQueuePart::merged(mortise::Transaction& tx, ProjectMerge& merge) {
  const auto queues = queues_.in(tx);
  for (const auto& [from, into] : merge.personaRenames) queues.renamePersona(merge.from, from, into);
  std::set<std::string> taken;
  for (auto& [id, name, selector] : queues.all(merge.into)) taken.insert(std::move(name));
  std::int64_t moved = 0;
  for (const auto& [id, oldName, selector] : queues.all(merge.from)) {
    auto name = oldName;
    for (int number = 2; taken.count(name) > 0; ++number) {
      const auto end = "-" + std::to_string(number);
      name = mortise::firstCharacters(oldName, kMaxName - end.size()) + end;
    }
    queues.move(id, merge.into, name, renamedSelector(selector, merge.personaRenames));
    taken.insert(std::move(name));
    ++moved;
  }
  merge.stats["work_queues"] = moved;
}

}  // namespace projects
