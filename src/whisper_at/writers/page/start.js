startTranscript();
startLanes();
startSearch();
startKeys();
startSound();
