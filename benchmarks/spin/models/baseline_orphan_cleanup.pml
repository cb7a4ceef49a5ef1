/* The baseline, with a periodic sweep that deletes by name. */

#include "components.pml"
#include "roles_overwriting.pml"
#include "surroundings.pml"
#include "sweep.pml"
