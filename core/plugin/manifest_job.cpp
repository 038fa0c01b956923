#include "core/plugin/manifest_job.hpp"

#include <stdexcept>

#include "core/plugin/job_book.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/services/service_error.hpp"

namespace mortise::plugin {

void openJobs(services::Jobs& jobs, ModuleInstance& instance) {
  if (instance.host().services().jobs != &jobs)
    throw std::logic_error("the job engine is not the one of the module's host services");
  try {
    instance.host().jobs().open();
  } catch (const services::ServiceError& error) {
    throw Refusal(instance.manifest().path, std::string("its jobs can't be scheduled: ") + error.what() +
                                                "; correct their triggers in module.yaml");
  }
}

}  // namespace mortise::plugin
