"""One search for all sets of faults: what each set can break, from states labelled with the faults that were used."""
