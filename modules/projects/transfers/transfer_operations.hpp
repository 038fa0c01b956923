// Projects that go to an organisation, or to a person.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <map>
#include <string>
#include <string_view>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "groups/group_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_store.hpp"
#include "transfers/stranded_personas.hpp"
#include "transfers/transfer_store.hpp"

namespace projects {

class TransferOperations final : public projects_contract::transfers::Transfers {
 public:
  // `access` and `changes` must outlive this object.
  TransferOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply startTransfer(const Request& request, const projects_contract::transfers::StartTransferBody& body) override;
  Reply proposeTransfer(const Request& request, const projects_contract::transfers::ProposeTransferBody& body) override;
  Reply listTransfers(const Request& request) override;
  Reply acceptTransfer(const Request& request) override;
  Reply rejectTransfer(const Request& request) override;
  Reply cancelTransfer(const Request& request) override;
  Reply forceTransfer(const Request& request, const projects_contract::transfers::ForceTransferBody& body) override;

  // The transfer of the path. Problem 404 transfer_not_found.
  Transfer named(const Request& request) const;
  // Problem 403 transfer_not_yours; 409 transfer_not_pending, transfer_expired.
  void requireOpen(const Transfer& transfer, bool isTheirs) const;
  // Adds it. Problem 409 transfer_pending.
  void add(mortise::Transaction& tx, const Transfer& transfer) const;
  // The transfer's project as it is until `tx` ends; nobody leaves the organisations of its two scopes before. Problems:
  // 404 project_not_found, 410 project_merged.
  Project held(mortise::Transaction& tx, const Transfer& transfer) const;
  // What the user is in the organisation; empty: no member.
  std::string roleIn(mortise::Transaction& tx, const std::string& orgId, std::string_view userId) const;
  // Moves the project to the transfer's scope, in the transaction that accepts it. Problems: 409 personas_stranded,
  // projects_full.
  void apply(mortise::Transaction& tx, const Request& request, const Transfer& transfer, const Project& project,
             bool force) const;
  Transfer transferOf(const Project& project, std::string toScope, std::string_view initiatedBy) const;
  // Names of those who proposed, by their ids, as far as they were asked for.
  using Names = std::map<std::string, mortise::json::Value>;
  mortise::json::Value view(const Transfer& transfer, Names& names) const;
  mortise::json::Value nameOf(const std::string& userId) const;
  Reply shown(const std::string& id) const;

  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  mortise::Log log_;
  ProjectStore projects_;
  GroupStore groups_;
  TransferStore transfers_;
  StrandedPersonas stranded_;
  const ProjectAccess& access_;
  const ProjectChanges& changes_;
};

}  // namespace projects
