namespace OtpActors.Stores.Cassandra;

/// <summary>The cluster or the settings are not as the store needs them; waiting does not help. The message says what does.</summary>
public sealed class CassandraSetupException(string message, Exception? inner = null) : Exception(message, inner);
