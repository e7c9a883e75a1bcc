return await OtpActors.CommandLine.Cli.InvokeAsync(args);
