// How installations over HTTP end: counted, and refusals logged.
#pragma once

#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/problem.hpp>

#include <string_view>

#include "installing/installer.hpp"
#include "installing/reason.hpp"

namespace skills {

class InstallMetrics {
 public:
  InstallMetrics(mortise::Log log, const mortise::Metrics& metrics)
      : log_(log),
        installed_(of(metrics, "installed")),
        updated_(of(metrics, "updated")),
        refused_(of(metrics, "refused")),
        failed_(of(metrics, "failed")) {}

  // Runs `install`, and hands on what it returns or throws.
  template <class Install>
  Installer::Installed counted(std::string_view source, Install&& install) const {
    try {
      auto done = install();
      (done.replaced ? updated_ : installed_).add();
      return done;
    } catch (const mortise::Problem& problem) {
      (problem.status() < 500 ? refused_ : failed_).add();
      log_.warning("a skill was not installed", {{"source", source}, {"reason", reasonOf(problem)}});
      throw;
    } catch (...) {
      failed_.add();
      throw;
    }
  }

 private:
  static mortise::Counter of(const mortise::Metrics& metrics, const char* outcome) {
    return metrics.counter("installs_total", "Installations of skills", {{"outcome", outcome}});
  }

  mortise::Log log_;
  mortise::Counter installed_;
  mortise::Counter updated_;
  mortise::Counter refused_;  // 4xx
  mortise::Counter failed_;
};

}  // namespace skills
