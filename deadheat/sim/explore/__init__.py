"""The searches, one file each, behind one face (`results.Explorer`)."""
