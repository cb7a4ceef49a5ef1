/* The baseline, with a periodic sweep that deletes only the very Job that it has listed. */

#include "components.pml"
#define SAME_JOB(e) (created[e] == seen[e])
#include "roles_overwriting.pml"
#include "surroundings.pml"
#include "sweep.pml"
