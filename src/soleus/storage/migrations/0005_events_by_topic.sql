-- What is new in a topic is asked for with every page of the library: without this, all its events are looked through.
CREATE INDEX event_by_topic ON event (topic, number);
