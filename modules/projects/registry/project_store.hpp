// The tables of projects and of their repositories: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/project.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class ProjectStore {
 public:
  static constexpr std::size_t kMaxRepos = 100;  // of one project

  explicit ProjectStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  ProjectStore in(const mortise::Transaction& tx) const { return ProjectStore(db_.in(tx)); }

  // Merged ones too.
  std::optional<Project> find(std::string_view id) const;
  // The one that a repository belongs to, as its primary or a linked one.
  std::optional<Project> ofRemote(std::string_view gitRemote) const;
  // Those that are there, in no order; merged ones too.
  std::vector<Project> findAll(const std::vector<std::string>& ids) const;
  // The id of the project of each of these repositories that belongs to one.
  std::map<std::string, std::string> idsOfRemotes(const std::vector<std::string>& gitRemotes) const;
  // Last changed first, at most `limit`; no merged ones.
  std::vector<Project> ofOwner(std::string_view userId, std::int64_t limit) const;
  std::vector<Project> ofOrg(std::string_view orgId, std::int64_t limit) const;
  // How many there are: of the user outside of organisations, of the organisation, and that went into a project; counts
  // no further than `most`.
  std::int64_t countPersonal(std::string_view userId, std::int64_t most) const;
  std::int64_t countOfOrg(std::string_view orgId, std::int64_t most) const;
  std::int64_t countMerged(std::string_view into, std::int64_t most) const;
  // Those of the organisation that a group gives to the user.
  std::vector<Project> ofGroups(std::string_view orgId, std::string_view userId, std::int64_t limit) const;
  // Those of the organisation that this member owns, by id.
  std::vector<std::string> ownedIn(std::string_view orgId, std::string_view userId) const;
  // All that the user owns, wherever, by organisation.
  std::vector<Project> allOf(std::string_view userId) const;
  // Those with that schedule whose documents were compiled by it last, or, where that never was, which were changed
  // last, before that time: ids, those that wait longest first.
  std::vector<std::string> scheduled(CompileSchedule schedule, mortise::Time before, std::size_t limit) const;

  // Adds it with its primary repository. False: the repository belongs to a project.
  bool add(const Project& project, std::string_view document) const;
  // Nothing else changes the project until the transaction ends. False: it is gone, or was merged.
  bool lock(std::string_view id) const;
  // lock(), and the project as it is. Empty: it is gone, or was merged.
  std::optional<Project> findLocked(std::string_view id) const;
  void rename(std::string_view id, std::string_view name, mortise::Time at) const;
  // Writes autoNarrative to compileAfterClaims, and updatedAt.
  void changeSettings(const Project& project) const;
  // It belongs to an organisation from now on, or to none.
  void moveTo(std::string_view id, const std::optional<std::string>& orgId, mortise::Time at) const;
  // Another user owns it from now on.
  void handOver(std::string_view id, std::string_view ownerId, mortise::Time at) const;
  // It went into another project, and so do those that went into it before.
  void markMerged(std::string_view id, std::string_view into, mortise::Time at) const;
  // With its repositories, and those that were merged into it.
  void remove(std::string_view id) const;

  // Empty when there is no such project.
  ProjectDocument document(std::string_view id) const;
  // The documents of these projects, as long as all of them together have at most `room` bytes.
  std::map<std::string, std::string> documents(const std::vector<std::string>& ids, std::size_t room) const;
  std::int64_t revisionOf(std::string_view id) const;
  // Returns the new revision.
  std::int64_t writeDocument(std::string_view id, std::string_view text, mortise::Time at) const;

  // Primary first.
  std::vector<ProjectRepo> reposOf(std::string_view projectId) const;
  // False: the repository belongs to a project already. One that becomes the primary takes the place of the other.
  bool link(const ProjectRepo& repo) const;
  // None: the project has no such repository.
  std::optional<ProjectRepo> unlink(std::string_view projectId, std::string_view repoId) const;
  // The one that was linked first. Empty: it has none.
  std::string oldestRepoOf(std::string_view projectId) const;
  // The project is known by this repository of its own.
  void makePrimary(std::string_view projectId, std::string_view repoId) const;
  // All repositories of one project belong to another one, which keeps its primary. Returns how many.
  std::int64_t moveRepos(std::string_view from, std::string_view into) const;

 private:
  std::int64_t count(std::string_view condition, std::string_view id, std::int64_t most) const;

  mortise::Db db_;
};

}  // namespace projects
