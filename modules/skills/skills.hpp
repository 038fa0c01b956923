// The module: the HTTP operations, the jobs, and the interface for other modules.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/jobs.hpp>
#include <mortise/module.hpp>
#include <mortise/removed_users.hpp>

#include "catalog/catalog.hpp"
#include "catalog/catalog_interface.hpp"
#include "installing/changes.hpp"
#include "installing/install_metrics.hpp"
#include "installing/installer.hpp"
#include "installing/refresh.hpp"
#include "moved/moved_skills.hpp"
#include "skills_contract.hpp"

namespace skills {

class Skills final : public mortise::ModuleServing<skills_contract::skills::Skills> {
 public:
  explicit Skills(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;
  void stop() override { removedUsers_.stop(); }
  const void* provide(std::string_view interfaceName) override;

 private:
  mortise::Reply listSkills(const mortise::Request& request) override;
  mortise::Reply installSkill(const mortise::Request& request,
                              const skills_contract::skills::SkillInstallRequest& body) override;
  mortise::Reply setSkillEnabled(const mortise::Request& request,
                                 const skills_contract::skills::SetSkillEnabledBody& body) override;
  mortise::Reply deleteSkill(const mortise::Request& request) override;
  mortise::Reply readSkillPolicy(const mortise::Request& request) override;
  mortise::Reply setSkillPolicy(const mortise::Request& request,
                                const skills_contract::skills::SkillRiskPolicyItem& body) override;
  mortise::Reply listUserSkills(const mortise::Request& request) override;
  mortise::Reply setUserSkillEnabled(const mortise::Request& request,
                                     const skills_contract::skills::SetUserSkillEnabledBody& body) override;

  void refreshSources(mortise::JobRun& run);
  void cleanUp(mortise::JobRun& run);
  void forgetUsers(mortise::JobRun& run);

  mortise::Log log_;
  mortise::Db db_;
  mortise::Audit audit_;
  bool refreshes_;
  SkillStore store_;
  SkillIndex index_;
  Sources sources_;
  Installer installer_;
  Catalog catalog_;
  CatalogInterface interface_;
  Changes changes_;
  Refresh refresh_;
  InstallMetrics metrics_;
  MovedSkills moved_;
  mortise::RemovedUsers removedUsers_;
};

}  // namespace skills
