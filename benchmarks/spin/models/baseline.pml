/* Nothing protects the time between the worker's call and the Job's creation. */

#include "components.pml"
#include "roles_overwriting.pml"
#include "surroundings.pml"
