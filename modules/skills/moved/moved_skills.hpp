// The operations before version 2: each answers 410 and says where it went.
#pragma once

#include <mortise/module.hpp>

#include <string_view>

#include "skills_contract.hpp"

namespace skills {

class MovedSkills final : public skills_contract::skills_moved::SkillsBeforeVersion2 {
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply movedAppConfigSkillsGet(const Request&) override { return appConfig({}); }
  Reply movedAppConfigSkillsPost(const Request&) override { return appConfig({}); }
  Reply movedAppConfigSkillsPut(const Request&) override { return appConfig({}); }
  Reply movedAppConfigSkillsPatch(const Request&) override { return appConfig({}); }
  Reply movedAppConfigSkillsDelete(const Request&) override { return appConfig({}); }

  Reply movedAppConfigSkillsBelowGet(const Request& request) override { return appConfig(request.path("rest")); }
  Reply movedAppConfigSkillsBelowPost(const Request& request) override { return appConfig(request.path("rest")); }
  Reply movedAppConfigSkillsBelowPut(const Request& request) override { return appConfig(request.path("rest")); }
  Reply movedAppConfigSkillsBelowPatch(const Request& request) override { return appConfig(request.path("rest")); }
  Reply movedAppConfigSkillsBelowDelete(const Request& request) override { return appConfig(request.path("rest")); }

  Reply movedUserToolsSkillsGet(const Request&) override { return userTools({}); }
  Reply movedUserToolsSkillsPost(const Request&) override { return userTools({}); }
  Reply movedUserToolsSkillsPut(const Request&) override { return userTools({}); }
  Reply movedUserToolsSkillsPatch(const Request&) override { return userTools({}); }
  Reply movedUserToolsSkillsDelete(const Request&) override { return userTools({}); }

  Reply movedUserToolsSkillsBelowGet(const Request& request) override { return userTools(request.path("rest")); }
  Reply movedUserToolsSkillsBelowPost(const Request& request) override { return userTools(request.path("rest")); }
  Reply movedUserToolsSkillsBelowPut(const Request& request) override { return userTools(request.path("rest")); }
  Reply movedUserToolsSkillsBelowPatch(const Request& request) override { return userTools(request.path("rest")); }
  Reply movedUserToolsSkillsBelowDelete(const Request& request) override { return userTools(request.path("rest")); }

  // `rest`: what follows the old path.
  static Reply appConfig(std::string_view rest);
  static Reply userTools(std::string_view rest);
};

}  // namespace skills
