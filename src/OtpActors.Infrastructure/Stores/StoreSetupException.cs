namespace OtpActors.Infrastructure.Stores;

/// <summary>
/// The store cannot be used as it is set up: wrong credentials, a schema that cannot be made. It does not pass by itself;
/// the message says what to do and holds no secret.
/// </summary>
public sealed class StoreSetupException(string message, Exception? inner = null) : Exception(message, inner);
