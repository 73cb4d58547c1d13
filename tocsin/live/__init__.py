"""A city on a broker: the same fold, intake and deliveries as embedded, on Kafka, Faust and a directory."""
