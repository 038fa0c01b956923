// The module: the HTTP operations, the jobs, and the interface for other modules.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/identity.hpp>
#include <mortise/jobs.hpp>
#include <mortise/module.hpp>

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

  void refreshSources(mortise::JobRun& run);
  void cleanUp(mortise::JobRun& run);

  mortise::Log log_;
  mortise::Db db_;
  mortise::Audit audit_;
  mortise::Identity identity_;
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
};

}  // namespace skills
