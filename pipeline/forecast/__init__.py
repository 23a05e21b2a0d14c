"""What a build will take, before anything is sent or paid."""
