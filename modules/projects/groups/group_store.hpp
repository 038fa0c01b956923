// The tables of groups of projects: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "groups/project_group.hpp"

namespace projects {

// [worker]; every member throws db::Error. Counts of members and projects change with the rows that they count.
class GroupStore {
 public:
  explicit GroupStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  GroupStore in(const mortise::Transaction& tx) const { return GroupStore(db_.in(tx)); }

  std::optional<ProjectGroup> find(std::string_view id) const;
  std::optional<ProjectGroup> ofSlug(std::string_view orgId, std::string_view slug) const;
  // By slug.
  std::vector<ProjectGroup> ofOrg(std::string_view orgId) const;
  // Those of this organisation that the user is in, by slug.
  std::vector<ProjectGroup> ofUser(std::string_view orgId, std::string_view userId) const;
  // Those that hold the project, by slug.
  std::vector<ProjectGroup> ofProject(std::string_view projectId) const;
  std::int64_t countOf(std::string_view orgId) const;

  // The highest role that the user has in a group which holds the project. Empty: none of these has the user.
  std::optional<GroupRole> roleFor(std::string_view userId, std::string_view projectId) const;
  // The same for every project that a group gives to the user.
  std::map<std::string, GroupRole> rolesOf(std::string_view userId) const;
  // The user's role in every group that the user is in, by the group's id; and in one.
  std::map<std::string, GroupRole> rolesByGroup(std::string_view userId) const;
  std::optional<GroupRole> roleIn(std::string_view groupId, std::string_view userId) const;
  // In the order in which they were added.
  std::vector<GroupMember> members(std::string_view groupId) const;
  // Ids.
  std::vector<std::string> projects(std::string_view groupId) const;

  // Nothing else changes the group until the transaction ends. False: it is gone.
  bool lock(std::string_view groupId) const;
  // False: the organisation has a group with that slug.
  bool add(const ProjectGroup& group) const;
  // Writes slug, name, description, compileEnabled and updatedAt. False: the slug is taken.
  bool change(const ProjectGroup& group) const;
  // Its context document was made of what its projects know. Takes the group's row, so that none of its projects leaves
  // before the transaction ends. False: it is gone.
  bool compiled(std::string_view groupId, mortise::Time at) const;
  // With its rows of members and projects, and its context document.
  void remove(std::string_view groupId) const;
  // Adds the member, or gives another role. False: the group is full, or gone.
  bool putMember(std::string_view groupId, const GroupMember& member, std::int64_t most) const;
  bool removeMember(std::string_view groupId, std::string_view userId) const;
  // True also when it is there already; false: the group is full, or gone.
  bool putProject(std::string_view groupId, std::string_view projectId, std::string_view addedBy, mortise::Time at,
                  std::int64_t most) const;
  // With the group's context document, which tells of the project. False: the group does not hold it.
  bool removeProject(std::string_view groupId, std::string_view projectId) const;

  // Groups that hold `from` hold `into` instead.
  void moveProject(std::string_view from, std::string_view into, std::string_view addedBy, mortise::Time at) const;
  // Takes the project out of every group.
  void forgetProject(std::string_view projectId) const;
  // Takes the user out of every group of the organisation; an empty one: out of all.
  void forgetUser(std::string_view userId, std::string_view orgId = {}) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
