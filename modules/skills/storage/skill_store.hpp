// The directory that all skills lie in; the truth about what is installed. Several processes may share it.
//   ROOT/ID/...       one skill, see skill_files.hpp
//   ROOT/.tmp-UUID/   a skill on its way in, or the version that was just replaced on its way out
//   ROOT/.replaced-ID the same where the file system can't exchange two directories in one step
//   ROOT/.lock        who holds it changes the root; ROOT/.generation: another text after each change
#pragma once

#include <mortise/log.hpp>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disk/descriptor.hpp"
#include "storage/skill_files.hpp"

namespace skills {

// Thread-safe. What the disk refuses is a Problem 507 or 500; a lock that others hold for half a minute is 503.
class SkillStore {
 public:
  enum class Swap : char { exchange, twoSteps };

  explicit SkillStore(std::string root, Swap swap = Swap::exchange) : root_(std::move(root)), swap_(swap) {}

  // Makes the root where it is missing and clears up after a crash. Before everything else.
  void open();
  const std::string& root() const noexcept { return root_; }

  // Held by one thread of one process at a time; what is read under it stays true until it goes.
  class Lock {
   public:
    Lock(Lock&&) noexcept = default;

   private:
    friend class SkillStore;
    Lock(std::unique_lock<std::mutex> mine, Descriptor file) : mine_(std::move(mine)), file_(std::move(file)) {}
    std::unique_lock<std::mutex> mine_;
    Descriptor file_;
  };
  Lock lock() const;

  // A skill that is written but not installed; destroyed, it is removed.
  class Staged {
   public:
    Staged(Staged&& other) noexcept
        : store_(std::exchange(other.store_, nullptr)),
          name_(std::move(other.name_)),
          directory_(std::move(other.directory_)),
          inUse_(std::move(other.inUse_)) {}
    Staged& operator=(Staged&&) = delete;
    ~Staged();

   private:
    friend class SkillStore;
    Staged(const SkillStore* store, std::string name, Descriptor directory, Descriptor inUse)
        : store_(store), name_(std::move(name)), directory_(std::move(directory)), inUse_(std::move(inUse)) {}
    const SkillStore* store_;
    std::string name_;
    Descriptor directory_;
    Descriptor inUse_;  // locked: no other process takes it for a leftover
  };
  // Writes all files and syncs them. Takes the lock for a moment.
  Staged stage(const NewSkill& skill) const;
  // Puts it in its place, instead of the version there, in one step and durably.
  void install(const Lock& lock, Staged staged, const SkillRecord& record) const;
  void setRecord(const Lock& lock, const SkillRecord& record) const;
  // Notes what the source said, without a change of the skill.
  void setProvenance(const Lock& lock, const std::string& id, const Provenance& provenance) const;
  // False when there is none.
  bool remove(const Lock& lock, const std::string& id) const;
  // What crashes of others left; returns how many there were.
  std::size_t removeLeftovers(const Lock& lock) const;

  // Ids of what lies in the root.
  std::vector<std::string> ids() const;
  // The skill's directory, which stays readable when another version takes its place. Empty: there is none.
  std::optional<Descriptor> openSkill(const std::string& id) const;
  // Another text after each change by any process, also one by hand in the root itself.
  std::string generation() const;

 private:
  void touch() const;
  void swapIn(const std::string& staged, const std::string& id) const;
  void swapInTwoSteps(const std::string& staged, const std::string& id) const;
  bool isInUse(const std::string& name) const;

  std::string root_;
  Swap swap_;
  Descriptor directory_;
  mutable std::mutex mutex_;
};

}  // namespace skills
