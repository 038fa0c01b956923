// /api/v1/dlp: the policy of an organisation, a scan to try it, and how many pushes it met.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include "dlp/policy_store.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class DlpOperations final : public sync_contract::dlp::DataLossPrevention {
 public:
  explicit DlpOperations(mortise::Host host)
      : log_(host.log()), db_(host.db()), orgs_(host.orgs()), audit_(host.audit()), policies_(db_) {}

  // The job: forgets the policies and numbers of organisations that are gone.
  void forgetOrgs(mortise::JobRun& run);

 private:
  mortise::Reply readDlpPolicy(const mortise::Request& request) override;
  mortise::Reply changeDlpPolicy(const mortise::Request& request,
                                 const sync_contract::dlp::DlpPolicyChange& body) override;
  mortise::Reply scanText(const mortise::Request& request, const sync_contract::dlp::ScanTextBody& body) override;
  mortise::Reply readDlpStats(const mortise::Request& request) override;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  PolicyStore policies_;
};

}  // namespace session_sharing
