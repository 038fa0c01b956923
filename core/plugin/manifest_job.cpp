#include "core/plugin/manifest_job.hpp"

#include <stdexcept>

#include "core/plugin/job_book.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/services/service_error.hpp"

namespace mortise::plugin {

void addManifestJob(services::Jobs& jobs, ModuleInstance& instance, const JobDeclaration& job) {
  if (instance.host().services().jobs != &jobs)
    throw std::logic_error("the job engine is not the one of the module's host services");
  try {
    instance.host().jobs().declare(job);
  } catch (const services::ServiceError& error) {
    throw Refusal(instance.manifest().path, "its job " + job.id + " can't be scheduled: " + error.what() +
                                                "; correct its trigger in module.yaml");
  }
}

}  // namespace mortise::plugin
