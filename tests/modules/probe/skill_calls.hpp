// skills.catalog/1 by hand: every function of it as an HTTP operation, without a rule of its own.
#pragma once

#include <mortise/module.hpp>
#include <mortise/skills_catalog.hpp>

class SkillCalls {
 public:
  explicit SkillCalls(mortise::Host host) : host_(host) {}
  void bind(mortise::Bindings& on) { on.operation("callSkills", this, &SkillCalls::call); }

 private:
  mortise::Reply call(const mortise::Request& request);

  mortise::Host host_;
};
